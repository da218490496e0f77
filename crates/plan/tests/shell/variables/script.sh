CLUSTER=orders
export AWS_REGION=eu-west-1 AWS_PAGER=""
IMAGE="111122223333.dkr.ecr.${AWS_REGION}.amazonaws.com/api:${TAG:-latest}"
OLD=$(aws ecs describe-services --cluster $CLUSTER --services api --query 'services[0].taskDefinition' --output text)
NEXT=$((OLD_NUMBER + 1))
LIST=(a b "c d")
FLAGS+=" --force"
echo ${OLD##*/} ${#LIST[@]} "$@" $'tab\there \x41' $"plain"
export TOKEN
declare -r PORT=8080
unset TOKEN
cp ~/.ssh/config{,.bak} && ls *.json 'a'"b"c\ d
curl https://api.example/items?limit=2*3
