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
        is_property

    from categories

)

select * from keyed
