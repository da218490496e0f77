echo don't do this
aws ecs list-clusters
aws ecs update-service --cluster orders \ 
  --service api
aws ecs describe-services --cluster orders \ # which
  --services api
aws ecs list-tasks
  --cluster orders
echo ) && ls
curl https://api.example/x?a=1&b=2
aws s3 ls &amp;&amp; echo ok
aws ecs describe-services –cluster “orders”
aws s3 ls
done
for s in a b; do
  echo "$s"
