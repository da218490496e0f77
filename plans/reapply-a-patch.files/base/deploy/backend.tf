resource "aws_apprunner_service" "backend" {
  service_name = "agents-dev-backend"

  source_configuration {
    image_repository {
      image_identifier      = var.backend_image
      image_repository_type = "ECR"
      image_configuration {
        port = "8000"
        runtime_environment_variables = {
          AGENTS_CONNECTORS = var.connectors
        }
      }
    }
  }
}
