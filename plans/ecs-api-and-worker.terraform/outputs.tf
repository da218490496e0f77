output "api_task_definition" {
  description = "Revision of the API that the plan deploys"
  value       = aws_ecs_task_definition.api.arn
}

output "worker_task_definition" {
  value = aws_ecs_task_definition.worker.arn
}
