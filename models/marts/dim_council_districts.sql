with terms as (

    select * from {{ ref('council_districts') }}
    where {{ is_of_chosen_city('city') }}

),

keyed as (

    select
        {{ key_of(['city', 'council_district', 'valid_from']) }}
            as council_district_term_id,
        city,
        council_district,
        member_name,
        title,
        valid_from,
        valid_to,
        valid_to is null as is_in_office

    from terms

)

select * from keyed
