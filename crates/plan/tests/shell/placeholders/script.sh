docker pull <image>@sha256:<digest>
aws ecs describe-tasks --tasks <task-arn> --cluster <your cluster name>
aws apprunner start-deployment --service-arn arn:aws:apprunner:eu-west-1:111122223333:service/orders/...
TOKEN="<your_jwt_token>"
curl -H "Authorization: Bearer YOUR_API_TOKEN" "https://api.example/<id>"
aws s3 cp s3://{bucket}/key . && go test ./...
echo "<html>" '<Error><Code>x</Code></Error>' stash@{0}
sort <in >out
aws ecs update-service --cluster {{ vars.cluster }} --service "{{vars.service}}-api"
docker ps --format '{{.Names}}' && docker inspect -f {{.Id}} x
