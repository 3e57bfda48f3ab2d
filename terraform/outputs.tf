output "settings" {
  description = "The daily job's settings; the same run it from anywhere else."
  value       = local.settings
}

output "published" {
  description = "The bucket of the site and its files; nobody else may read it yet."
  value       = google_storage_bucket.published.name
}

output "loader" {
  description = "Who loads: BLOTTER_IMPERSONATE on a desk."
  value       = google_service_account.loader.email
}

output "reader" {
  description = "Who reads the marts: for dashboards."
  value       = google_service_account.reader.email
}
