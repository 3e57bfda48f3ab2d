with incidents as (

    select * from {{ ref('fct_incidents') }}

),

terms as (

    select * from {{ ref('dim_council_districts') }}

),

counted as (

    select
        city,
        coalesce(present_council_district, 'Unknown') as council_district,
        incident_category,
        count(*) as row_count,
        count(case when is_counted then 1 end) as incident_count

    from incidents
    group by 1, 2, 3

),

totals as (

    select
        city,
        council_district,
        cast(sum(row_count) as {{ dbt.type_bigint() }}) as row_count,
        cast(sum(incident_count) as {{ dbt.type_bigint() }}) as incident_count

    from counted
    group by 1, 2

),

ranked_categories as (

    select
        city,
        council_district,
        incident_category,
        incident_count,
        row_number() over (
            partition by city, council_district
            order by incident_count desc, {{ in_byte_order('incident_category') }}
        ) as position

    from counted
    where incident_category is not null and incident_count > 0

),

top_categories as (

    select
        city,
        council_district,
        max(case when position = 1 then incident_category end) as top_category,
        max(case when position = 1 then incident_count end)
            as top_category_incident_count,
        max(case when position = 2 then incident_category end) as second_category,
        max(case when position = 2 then incident_count end)
            as second_category_incident_count

    from ranked_categories
    where position <= 2
    group by 1, 2

),

members as (

    select
        city,
        council_district,
        member_name,
        title
    from terms
    where is_in_office

),

named as (

    select city, council_district from terms
    union distinct
    select city, council_district from totals

),

described as (

    select
        {{ key_of(['named.city', 'named.council_district']) }} as council_district_id,
        named.city,
        named.council_district,
        members.member_name,
        members.title,
        coalesce(totals.row_count, 0) as row_count,
        coalesce(totals.incident_count, 0) as incident_count,
        top_categories.top_category,
        top_categories.top_category_incident_count,
        top_categories.second_category,
        top_categories.second_category_incident_count

    from named
    left join members
        on named.city = members.city
        and named.council_district = members.council_district
    left join totals
        on named.city = totals.city
        and named.council_district = totals.council_district
    left join top_categories
        on named.city = top_categories.city
        and named.council_district = top_categories.council_district

),

ranked as (

    select
        *,
        case
            when council_district <> 'Unknown'
                then dense_rank() over (
                    partition by city, council_district = 'Unknown'
                    order by incident_count desc
                )
        end as incident_count_rank

    from described

)

select * from ranked
