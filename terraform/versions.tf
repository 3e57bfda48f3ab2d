terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # Budgets are refused to who is logged in as a person unless a project is charged for
  # the call.
  billing_project       = var.project
  user_project_override = true
}
