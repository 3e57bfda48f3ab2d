variable "project" {
  description = "Google Cloud's project; it has billing."
  type        = string
}

variable "location" {
  description = "Where datasets and bucket lie: BLOTTER_LOCATION."
  type        = string
  default     = "US"
}

variable "region" {
  description = "Where the daily job runs; within the location."
  type        = string
  default     = "us-central1"
}

variable "prefix" {
  description = "What every dataset's name begins with: BLOTTER_PREFIX."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9_]{0,30})?$", var.prefix))
    error_message = "Small letters, digits and _, 31 at most, a letter first."
  }
}

variable "bucket" {
  description = "The bucket's name, without gs://; another's ends in -published. The world has one of a name."
  type        = string
}

variable "image" {
  description = "The container image of the daily job, by digest."
  type        = string
}

variable "schedule" {
  description = "When the daily job runs, as cron writes it."
  type        = string
  default     = "15 6 * * *"
}

variable "time_zone" {
  description = "The schedule's zone."
  type        = string
  default     = "America/Los_Angeles"
}

variable "staged_days" {
  description = "After how many days a staged file is deleted."
  type        = number
  default     = 1
}

variable "with_lake" {
  description = "Keep the lake copy, under lake/ in the bucket."
  type        = bool
  default     = true
}

variable "max_gigabytes_billed" {
  description = "A statement that would be billed for more is refused."
  type        = number
  default     = 50
}

variable "app_token_secret" {
  description = "Secret Manager's secret with Socrata's app token; empty: none."
  type        = string
  default     = ""
}

variable "readers" {
  description = "Who may read the marts, as user:..., group:... or serviceAccount:..."
  type        = set(string)
  default     = []
}

variable "billing_account" {
  description = "The account whose budget warns; empty: no budget."
  type        = string
  default     = ""
}

variable "monthly_budget" {
  description = "Of the project, in the billing account's currency."
  type        = number
  default     = 20
}
