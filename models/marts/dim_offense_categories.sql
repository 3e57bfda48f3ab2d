with categories as (

    select * from {{ ref('offense_categories') }}

),

keyed as (

    select
        city || ':' || offense_code as offense_category_id,
        city,
        offense_code,
        offense_group,
        crime_against,
        is_violent,
        is_property,
        -- What can tell who a victim is to those who know the place.
        offense_group in (
            'Family Offenses, Nonviolent',
            'Human Trafficking',
            'Peeping Tom',
            'Pornography/Obscene Material',
            'Prostitution Offenses',
            'Sex Offenses'
        ) as is_sensitive

    from categories

)

select * from keyed
