with agencies as (

    select * from {{ ref('dim_agencies') }}

),

shooting_agencies as (

    select * from {{ ref('bridge_shooting_agencies') }}

),

shootings as (

    select * from {{ ref('fct_shootings') }}

),

counted as (

    select
        shooting_agencies.agency_id,
        count(*) as shooting_count,
        min(shootings.shooting_date) as first_shooting_date,
        max(shootings.shooting_date) as last_shooting_date,
        count(case when shootings.is_mental_illness_related then 1 end)
            as mental_illness_count,
        count(shootings.is_mental_illness_related) as mental_illness_known_count

    from shooting_agencies
    inner join shootings on shooting_agencies.shooting_id = shootings.shooting_id
    group by shooting_agencies.agency_id

),

-- An agency that the newspaper's list lacks keeps its shootings.
named as (

    select agency_id from agencies
    union distinct
    select agency_id from counted

),

described as (

    select
        named.agency_id,
        agencies.agency_name,
        agencies.agency_type,
        agencies.agency_type_label,
        agencies.state_id,
        coalesce(counted.shooting_count, 0) as shooting_count,
        agencies.published_shooting_count,
        counted.first_shooting_date,
        counted.last_shooting_date,
        coalesce(counted.mental_illness_count, 0) as mental_illness_count,
        {{ percent_of(
            'counted.mental_illness_count', 'counted.mental_illness_known_count'
        ) }} as mental_illness_pct

    from named
    left join agencies on named.agency_id = agencies.agency_id
    left join counted on named.agency_id = counted.agency_id

)

select * from described
