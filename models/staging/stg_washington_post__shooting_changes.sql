with source as (

    select * from {{ source('washington_post', 'shootings_changes') }}

),

renamed as (

    select
        row_id as shooting_id,
        change,
        changed_fields,
        run_id,
        changed_at

    from source

)

select * from renamed
