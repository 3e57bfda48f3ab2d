with shootings as (

    select * from {{ ref('stg_washington_post__shootings') }}

),

parts as (

    {{ parts_of_lists('shootings', ['shooting_id'], 'agency_ids') }}

),

agencies as (

    select
        shooting_id,
        {{ clean_text('part') }} as agency_id,
        position

    from parts

),

-- An agency named twice is one.
first_named as (

    select
        shooting_id,
        agency_id,
        cast(min(position) as {{ dbt.type_int() }}) as position
    from agencies
    where agency_id is not null
    group by shooting_id, agency_id

)

select * from first_named
