output "settings" {
  description = "The daily job's settings; the same run it from anywhere else."
  value       = local.settings
}

output "loader" {
  description = "Who loads: BLOTTER_IMPERSONATE on a desk."
  value       = google_service_account.loader.email
}

output "reader" {
  description = "Who reads the marts: for dashboards."
  value       = google_service_account.reader.email
}
