with publishers as (

    select * from {{ ref('publishers') }}

),

described as (

    select
        dataset,
        publisher,
        url,
        licence,
        attribution,
        disclaimer,
        retrieval_note,
        coverage_from,
        coverage_to

    from publishers
    where dataset in ('{{ chosen_datasets() | join("', '") }}')

)

select * from described
