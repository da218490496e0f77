terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_ecs_service" "api" {
  name          = "api"
  cluster       = "main"
  desired_count = 3
}

output "url" { value = "https://api.example" }
