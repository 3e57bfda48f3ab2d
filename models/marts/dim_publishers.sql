with publishers as (

    select * from {{ ref('publishers') }}

)

select
    dataset,
    publisher,
    url,
    licence,
    attribution,
    disclaimer
from publishers
