-- Removed rows are in, with their key and `removed_at` alone.
with versions as (

    {{ unioned_incidents('base', ['removed_at', 'window_month', 'replaced_at']) }}

)

select * from versions
