with changes as (

    select * from {{ ref('int_shooting_changes_keyed') }}

)

select * from changes
