variable "account" {
  description = "The account that the plan is pinned to"
  type        = string
  default     = "111122223333"
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "registry" {
  type    = string
  default = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
}

variable "image_version" {
  description = "Tag of both images"
  type        = string
}

variable "subnets" {
  description = "By id: never chosen by tag"
  type        = list(string)
  default     = ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"]
}

variable "worker_security_group" {
  type    = string
  default = "sg-0a1b2c3d4e5f60003"
}
