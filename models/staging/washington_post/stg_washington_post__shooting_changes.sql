{{ staged_changes(source('washington_post', 'shootings_changes'), key='shooting_id') }}
