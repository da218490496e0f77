URL="https://$(aws elbv2 describe-load-balancers --names "$(cat name.txt)" --query 'LoadBalancers[0].DNSName' --output text)/health"
diff <(aws s3 ls s3://a) <(aws s3 ls s3://b)
X=`date +%s` && echo "took $(( $(date +%s) - X ))s"
aws ecs run-task --overrides "{\"containerOverrides\":[{\"name\":\"api\",\"command\":[\"migrate\"]}]}" --network-configuration awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}
V=$(case "$1" in a) echo x;; *) echo y;; esac)
ssh deploy@host.example "cd /srv && ./deploy.sh" || { echo failed; exit 1; }
for ((i = 0; i < 3; i++)); do sleep "$i"; done
while read -r a b; do
  cat <<T
$a # no comment
T
done < list.txt
select x in a b; do break; done
function roll_back {
  aws ecs update-service --cluster c --service s --task-definition "$OLD"
}
roll_back # go
aws ecs wait services-stable \
  --cluster c \
  --services s && \
echo "stable" || echo "not"
aws logs tail /aws/ecs/api --follow &
