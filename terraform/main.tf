locals {
  # A data set that is declared needs no line here.
  declarations = fileset("${path.module}/../pipelines/datasets", "*.toml")
  sources      = toset([for file in local.declarations : split("__", file)[0]])
  raw          = [for source in local.sources : "raw_${source}"]
  # Left empty; dlt looks for them after each load, and would make them.
  staged   = [for source in local.sources : "raw_${source}_staging"]
  built    = ["ledger", "staging", "intermediate", "seeds", "marts"]
  datasets = toset([for name in concat(local.raw, local.staged, local.built) : "${var.prefix}${name}"])
  labels   = { application = "blotter" }
  readers = merge(
    { for member in var.readers : member => member },
    { "blotter-reader" = google_service_account.reader.member },
  )

  settings = {
    BLOTTER_TARGET           = "bigquery"
    BLOTTER_PREFIX           = var.prefix
    BLOTTER_LOCATION         = var.location
    BLOTTER_BUCKET           = "gs://${google_storage_bucket.blotter.name}"
    BLOTTER_LAKE             = var.with_lake ? "gs://${google_storage_bucket.blotter.name}/lake" : ""
    BLOTTER_MAX_BYTES_BILLED = tostring(var.max_gigabytes_billed * 1000000000)
    GOOGLE_CLOUD_PROJECT     = var.project
  }
}

resource "google_project_service" "needed" {
  for_each = toset([
    "bigquery.googleapis.com",
    "bigquerystorage.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "iam.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

# Where rows are

resource "google_storage_bucket" "blotter" {
  name                        = var.bucket
  location                    = var.location
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # A row that a court sealed must be gone when it is deleted.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  lifecycle_rule {
    condition {
      age            = var.staged_days
      matches_prefix = ["staging/"]
    }

    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.needed]
}

# What readers get; the job's own folders are lost when it ends.
resource "google_storage_bucket" "published" {
  name                        = "${var.bucket}-published"
  location                    = var.location
  labels                      = local.labels
  uniform_bucket_level_access = true

  # Nobody but the loader may read it until the project's owner says who.
  public_access_prevention = "inherited"

  # As above: a row that was removed must be gone from here too.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  versioning {
    enabled = false
  }

  depends_on = [google_project_service.needed]
}

resource "google_bigquery_dataset" "blotter" {
  for_each = local.datasets

  dataset_id = each.value
  location   = var.location
  labels     = local.labels

  # Two days are the least; what was deleted can be read so long.
  max_time_travel_hours = 48

  depends_on = [google_project_service.needed]
}

# Who may do what

resource "google_service_account" "loader" {
  account_id   = "blotter-loader"
  display_name = "Blotter's daily job"

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "reader" {
  account_id   = "blotter-reader"
  display_name = "Readers of Blotter's marts: dashboards"

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "scheduler" {
  account_id   = "blotter-scheduler"
  display_name = "Starts Blotter's daily job"

  depends_on = [google_project_service.needed]
}

resource "google_bigquery_dataset_iam_member" "loader" {
  for_each = local.datasets

  dataset_id = google_bigquery_dataset.blotter[each.value].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.loader.member
}

resource "google_project_iam_member" "loader" {
  for_each = toset([
    "roles/bigquery.jobUser",
    "roles/bigquery.readSessionUser",
  ])

  project = var.project
  role    = each.value
  member  = google_service_account.loader.member
}

resource "google_storage_bucket_iam_member" "loader" {
  for_each = toset(var.with_lake ? ["staging/", "lake/"] : ["staging/"])

  bucket = google_storage_bucket.blotter.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.loader.member

  condition {
    title      = "below ${each.value}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${google_storage_bucket.blotter.name}/objects/${each.value}\")"
  }
}

resource "google_storage_bucket_iam_member" "loader_publishes" {
  bucket = google_storage_bucket.published.name
  role   = "roles/storage.objectUser"
  member = google_service_account.loader.member
}

# To list is a right on the bucket, which no condition on names can hold.
resource "google_storage_bucket_iam_member" "loader_lists" {
  bucket = google_storage_bucket.blotter.name
  role   = google_project_iam_custom_role.lister.id
  member = google_service_account.loader.member
}

resource "google_project_iam_custom_role" "lister" {
  role_id     = "blotterLister"
  title       = "Lists Blotter's bucket"
  permissions = ["storage.buckets.get", "storage.objects.list"]

  depends_on = [google_project_service.needed]
}

resource "google_bigquery_dataset_iam_member" "reader" {
  for_each = local.readers

  dataset_id = google_bigquery_dataset.blotter["${var.prefix}marts"].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value
}

resource "google_project_iam_member" "reader" {
  for_each = local.readers

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = each.value
}

# The daily job

resource "google_cloud_run_v2_job" "daily" {
  name                = "blotter-daily"
  location            = var.region
  labels              = local.labels
  deletion_protection = false

  template {
    task_count = 1

    template {
      service_account = google_service_account.loader.email
      timeout         = "14400s"
      # A run that failed is made good by the next; two at once would be one too many.
      max_retries = 0

      volumes {
        name = "published"

        gcs {
          bucket = google_storage_bucket.published.name
          # The user of the image; to others the folder can't be written.
          mount_options = ["uid=10001", "gid=10001"]
        }
      }

      containers {
        image   = var.image
        command = ["python"]
        args    = ["container/publish_to.py", "/published", "blotter", "daily"]

        # Whatever the job writes into its own folders is in this memory too.
        resources {
          limits = {
            cpu    = "1"
            memory = "4Gi"
          }
        }

        volume_mounts {
          name       = "published"
          mount_path = "/published"
        }

        dynamic "env" {
          for_each = local.settings

          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = var.app_token_secret == "" ? [] : [var.app_token_secret]

          content {
            name = "SOCRATA_APP_TOKEN"

            value_source {
              secret_key_ref {
                secret  = env.value
                version = "latest"
              }
            }
          }
        }
      }
    }
  }

  # Cloud Run refuses a job whose account can't read its secret or its bucket yet.
  depends_on = [
    google_secret_manager_secret_iam_member.loader,
    google_storage_bucket_iam_member.loader_publishes,
  ]
}

resource "google_secret_manager_secret_iam_member" "loader" {
  for_each = toset(var.app_token_secret == "" ? [] : [var.app_token_secret])

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.loader.member
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.daily.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "daily" {
  name      = "blotter-daily"
  region    = var.region
  schedule  = var.schedule
  time_zone = var.time_zone

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.daily.id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}

# What it costs

data "google_project" "this" {
  project_id = var.project
}

resource "google_billing_budget" "month" {
  for_each = toset(var.billing_account == "" ? [] : [var.billing_account])

  billing_account = each.value
  display_name    = "Blotter"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  threshold_rules {
    threshold_percent = 0.5
  }

  threshold_rules {
    threshold_percent = 1.0
  }

  depends_on = [google_project_service.needed]
}
