with shootings as (

    select
        shooting_id,
        extract(year from shooting_date) as shooting_year,
        city,
        county,
        state_id,
        {{ plain_city('city') }} as plain_city,
        {{ trimmed(plain_words('city')) }} as city_words,
        {{ plain_county('coalesce(county, city)') }} as plain_county

    from {{ ref('stg_washington_post__shootings') }}

),

counties as (

    select * from {{ ref('int_counties') }}

),

cities as (

    select * from {{ ref('stg_simplemaps__cities') }}

),

spelled_counties as (

    select
        state_id,
        {{ plain_county('county_name') }} as plain_county,
        county_kind is not null and county_name <> bare_name as has_kind,
        0 as name_rank,
        county_kind,
        county_fips,
        last_year
    from counties

    union all

    select
        state_id,
        {{ plain_county('bare_name') }} as plain_county,
        false as has_kind,
        1 as name_rank,
        county_kind,
        county_fips,
        last_year
    from counties

),

-- "Baltimore" is the county, "Baltimore City" the independent city.
ranked_counties as (

    select
        *,
        row_number() over (
            partition by state_id, plain_county
            order by
                name_rank,
                case when county_kind = 'city' then 1 else 0 end,
                county_fips
        ) as county_rank

    from spelled_counties

),

named as (

    select
        shootings.*,
        ranked_counties.county_fips as named_fips,
        ranked_counties.last_year as named_last_year,
        -- An independent city is a city, also where its kind is written out.
        coalesce(
            ranked_counties.has_kind and ranked_counties.county_kind <> 'city', false
        ) as names_kind

    from shootings
    left join ranked_counties
        on shootings.state_id = ranked_counties.state_id
        and shootings.plain_county = ranked_counties.plain_county
        and ranked_counties.county_rank = 1

),

spelled_cities as (

    {% for name in ['city', 'city_ascii'] -%}
    select
        state_id,
        {{ plain_city(name) }} as plain_city,
        {{ trimmed(plain_words(name)) }} as city_words,
        county_fips,
        population
    from cities
    {{ 'union distinct' if not loop.last }}
    {% endfor %}
),

ranked_cities as (

    select
        named.shooting_id,
        spelled_cities.county_fips,
        row_number() over (
            partition by named.shooting_id
            order by
                case
                    when
                        named.county is not null
                        and named.named_fips = spelled_cities.county_fips
                        then 0
                    else 1
                end,
                -- Union and Union City, both in New Jersey.
                case
                    when named.city_words = spelled_cities.city_words then 0 else 1
                end,
                coalesce(spelled_cities.population, 0) desc,
                spelled_cities.county_fips
        ) as city_rank

    from named
    inner join spelled_cities
        on named.state_id = spelled_cities.state_id
        and named.plain_city = spelled_cities.plain_city

),

located as (

    select
        named.shooting_id,
        named.county is null as is_city_only,
        ranked_cities.county_fips as county_fips_by_city,
        case
            when
                named.county is not null
                or named.names_kind
                or ranked_cities.county_fips is null
                then named.named_fips
        end as county_fips_by_name,
        -- Connecticut's gave way to planning regions; the newspaper still names them.
        coalesce(
            named.named_last_year < named.shooting_year
            and named.named_last_year < counties.last_year,
            false
        ) as is_former_county

    from named
    left join ranked_cities
        on named.shooting_id = ranked_cities.shooting_id
        and ranked_cities.city_rank = 1
    left join counties on ranked_cities.county_fips = counties.county_fips

),

matched as (

    select
        shooting_id,
        case
            when is_former_county then county_fips_by_city
            else coalesce(county_fips_by_name, county_fips_by_city)
        end as county_fips,
        case
            when is_former_county then 'city'
            when county_fips_by_name is not null and is_city_only
                then 'city_is_county'
            when county_fips_by_name = county_fips_by_city then 'city_and_county'
            when county_fips_by_name is not null then 'county'
            when county_fips_by_city is not null then 'city'
            else 'none'
        end as county_match,
        county_fips_by_city,
        county_fips_by_name

    from located

)

select * from matched
