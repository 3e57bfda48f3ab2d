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
        city,
        offense_code,
        offense_group,
        crime_against,
        is_violent,
        is_property
    from own_categories

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
