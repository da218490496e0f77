# Who am I?
aws-vault exec prod -- aws sts get-caller-identity
AWS_PROFILE=prod aws ecs describe-services --cluster "orders" --services api \
  --query 'services[0].deployments' --output table   # expect one deployment
aws-okta exec staging -- terraform -chdir=infra plan -out=tfplan
watch -n 5 "aws ecs list-tasks --cluster orders"
time timeout 5m env TF_LOG=debug terraform apply tfplan
sudo -u deploy -E systemctl restart orders
command -v aws
saml2aws exec -p prod -- aws s3 ls
docker compose exec web bundle exec rake db:migrate
aws-vault exec "$PROFILE" -- make deploy
