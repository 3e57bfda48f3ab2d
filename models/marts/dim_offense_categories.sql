with own_categories as (

    select * from {{ ref('offense_categories') }}
    where {{ is_of_chosen_city('city') }}

),

nibrs_offenses as (

    select * from {{ ref('nibrs_offenses') }}

),

cities as (

    select * from {{ ref('cities') }}
    where publishes_nibrs_codes and {{ is_of_chosen_city('city') }}

),

categories as (

    select
        own_categories.city,
        own_categories.offense_code,
        coalesce(nibrs_offenses.offense_group, own_categories.offense_group)
            as offense_group,
        coalesce(nibrs_offenses.crime_against, own_categories.crime_against)
            as crime_against,
        coalesce(nibrs_offenses.is_violent, own_categories.is_violent) as is_violent,
        coalesce(nibrs_offenses.is_property, own_categories.is_property)
            as is_property

    from own_categories
    left join nibrs_offenses on own_categories.nibrs_code = nibrs_offenses.nibrs_code

    union all

    select
        cities.city,
        nibrs_offenses.nibrs_code as offense_code,
        nibrs_offenses.offense_group,
        nibrs_offenses.crime_against,
        nibrs_offenses.is_violent,
        nibrs_offenses.is_property

    from cities
    cross join nibrs_offenses

),

keyed as (

    select
        {{ key_of(['city', 'offense_code']) }} as offense_category_id,
        city,
        offense_code,
        offense_group,
        crime_against,
        is_violent,
        is_property,
        -- What can reveal the victim to those who know the place.
        offense_group in (
            'Family Offenses, Nonviolent',
            'Human Trafficking',
            'Peeping Tom',
            'Pornography/Obscene Material',
            'Prostitution Offenses',
            'Sex Offenses',
            'Sex Offenses, Non-forcible'
        ) as is_sensitive

    from categories

)

select * from keyed
