"""Write the YAML beside a city's models: sources, descriptions, unit tests."""

import textwrap

from pipelines.onboarding.examples import example, flow
from pipelines.onboarding.proposal import Proposal
from pipelines.onboarding.toml import harmless

PREFIX = "{{ env_var('BLOTTER_PREFIX', '') }}"


def folded(said: str, indent: int) -> str:
    """A description as a block that YAML folds."""
    lines = textwrap.wrap(harmless(said), 88 - indent, break_on_hyphens=False)
    return "\n".join(" " * indent + line for line in lines)


def sources(city: str, name: str) -> str:
    """The source: the raw tables of the city."""
    about = folded(f"{name}'s portal, as published.", 6)
    return f"""sources:
  - name: {city}
    schema: "{PREFIX}raw_{city}"
    description: >
{about}
    tables:
      - name: incidents
        description: >
          One row per row ever seen; text as published. A row that the portal withdrew
          keeps its key and `removed_at` only.
        config:
          freshness:
            warn_after: {{count: 2, period: day}}
            error_after: {{count: 7, period: day}}
          loaded_at_query: >
            select max(finished_at) from {PREFIX}ledger.runs
            where dataset = '{city}__incidents'
            and outcome in ('loaded', 'unchanged', 'moving')
      - {{name: incidents_former, description: "{{{{ doc('raw_former') }}}}"}}
      - {{name: incidents_versions, description: "{{{{ doc('raw_versions') }}}}"}}
      - {{name: incidents_changes, description: "{{{{ doc('raw_changes') }}}}"}}
      - {{name: incidents_rejects, description: "{{{{ doc('raw_rejects') }}}}"}}
"""


def base(made: Proposal, city: str) -> str:
    """What the base model is, and a test of its casts."""
    given, expected = example(made)
    about = folded(
        f"One row per version of a row of {made.options.name}'s incidents, renamed and "
        "cast: the present one and those that it replaced. A row that the city "
        "withdrew has no values but its key and `removed_at`. For the present rows, "
        f"and what the columns mean, read `stg_{city}__incidents`.",
        6,
    )
    return f"""models:
  - name: base_{city}__incidents
    description: >
{about}
    columns:
      - name: row_id
        description: With `replaced_at` the key.
      - name: replaced_at
        description: >
          When the version was replaced by the next (UTC); null of the present.
      - name: removed_at
        description: When the portal was seen without the row (UTC); null if it has it.
      - name: window_month
        description: >
          First day of the month by which the raw table is partitioned, where the
          warehouse has partitions; null in removed and in former versions.

unit_tests:
  - name: rows_of_{city}_are_cast
    model: base_{city}__incidents
    given:
      - input: source('{city}', 'incidents_versions')
        rows:
          - {flow(given)}
    expect:
      rows:
        - {flow(expected)}
"""


def staging(made: Proposal, city: str) -> str:
    """What the model of the present rows is."""
    grain = made.why("grain")
    said = f"One row per published row of {made.options.name}'s incidents: {grain}."
    if made.missing:
        said += f" The publisher says: {made.missing}"
    keyed = ", ".join(made.key) + ("" if made.key_is_unique else ", and an ordinal")
    return f"""models:
  - name: stg_{city}__incidents
    description: >
{folded(said, 6)}
    columns:
      - name: row_id
        description: >
{folded(keyed[:1].upper() + keyed[1:] + ".", 10)}
        data_tests:
          - unique_and_not_null: {{config: {{tags: [whole]}}}}
      - name: has_unparsed_values
        description: True if a published time or coordinate could not be read.

unit_tests:
  - name: only_the_present_rows_of_{city}_are_shown
    model: stg_{city}__incidents
    given:
      - input: ref('base_{city}__incidents')
        rows:
          - {{row_id: "1", incident_category: now}}
          - row_id: "1"
            incident_category: before
            replaced_at: "2024-03-02 00:00:00+00"
          - {{row_id: "2", removed_at: "2024-03-02 00:00:00+00"}}
    expect:
      rows:
        - {{row_id: "1", incident_category: now}}
"""


def changes(made: Proposal, city: str) -> str:
    """What the model of the log is."""
    about = folded(
        f"One row per change of a row of {made.options.name}'s incidents: the log that "
        "the pipelines write, as it is. A load has one instant, so a row has at most "
        "one entry per instant.",
        6,
    )
    return f"""models:
  - name: stg_{city}__incident_changes
    description: >
{about}
    columns:
      - name: row_id
        description: As in `stg_{city}__incidents`; with `changed_at` the key.
      - name: change
        description: added, changed, removed or restored.
      - name: changed_fields
        description: >
          The fields that differ, under the city's names and separated by commas; null
          unless changed.
      - name: changed_at
        description: When the load was written that made the change (UTC).
"""
