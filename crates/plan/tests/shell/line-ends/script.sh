aws ecs describe-services \
	--cluster orders	--services api # one

cat <<EOF
a
EOF
echo "two
lines"
REGION = eu-west-1
echo a b
aws ecs describe-tasks --tasks TASK_ARN --cluster orders
