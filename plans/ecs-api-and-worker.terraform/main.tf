# The worker of the broker, its log and alarms, and the API's next revision. The API's service is not here: its revision is deployed
# by the plan, so that Terraform never deploys behind its back.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]
}

locals {
  execution_role = "arn:aws:iam::${var.account}:role/broker-execution"
  log_options = {
    awslogs-region        = var.region
    awslogs-stream-prefix = "broker"
  }
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/ecs/broker-worker"
  retention_in_days = 30
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "broker-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = local.execution_role
  task_role_arn            = "arn:aws:iam::${var.account}:role/broker-worker"
  skip_destroy             = true

  runtime_platform {
    cpu_architecture        = "X86_64"
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([{
    name        = "worker"
    image       = "${var.registry}/broker-worker:${var.image_version}"
    essential   = true
    command     = ["broker", "worker"]
    environment = [{ name = "BROKER_JOBS", value = "4" }]
    healthCheck = { command = ["CMD-SHELL", "broker worker --alive"], interval = 10, timeout = 5, retries = 3, startPeriod = 20 }
    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-group = aws_cloudwatch_log_group.worker.name })
    }
  }])
}

resource "aws_ecs_service" "worker" {
  name            = "broker-worker"
  cluster         = "broker"
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = 1
  launch_type     = "FARGATE"

  # One worker at a time: two would run every job twice.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = false
  }

  network_configuration {
    subnets         = var.subnets
    security_groups = [var.worker_security_group]
  }
}

resource "aws_cloudwatch_metric_alarm" "worker_cpu_high" {
  alarm_name          = "broker-worker-cpu-high"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = "broker", ServiceName = "broker-worker" }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 60
  evaluation_periods  = 5
}

resource "aws_cloudwatch_metric_alarm" "worker_memory_high" {
  alarm_name          = "broker-worker-memory-high"
  namespace           = "AWS/ECS"
  metric_name         = "MemoryUtilization"
  dimensions          = { ClusterName = "broker", ServiceName = "broker-worker" }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 60
  evaluation_periods  = 5
}

resource "aws_ecs_task_definition" "api" {
  family                   = "broker-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = local.execution_role
  task_role_arn            = "arn:aws:iam::${var.account}:role/broker-api"

  # What a rollback goes back to must stay active.
  skip_destroy = true

  runtime_platform {
    cpu_architecture        = "X86_64"
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([{
    name         = "api"
    image        = "${var.registry}/broker-api:${var.image_version}"
    essential    = true
    portMappings = [{ containerPort = 8080, protocol = "tcp" }]
    environment  = [{ name = "BROKER_RUN_JOBS", value = "false" }]
    healthCheck  = { command = ["CMD-SHELL", "broker api --alive"], interval = 10, timeout = 5, retries = 3, startPeriod = 20 }
    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-group = "/ecs/broker-api" })
    }
  }])
}
