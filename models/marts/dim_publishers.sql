with publishers as (

    select * from {{ ref('publishers') }}

),

described as (

    select
        dataset,
        publisher,
        url,
        licence,
        attribution,
        disclaimer,
        retrieval_note

    from publishers

)

select * from described
