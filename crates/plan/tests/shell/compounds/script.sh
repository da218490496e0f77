for s in api worker; do
  aws ecs update-service --service "$s" # each
done
until curl -fsS https://api.example/health; do sleep 5; done
if [ "$A" = b ] && [[ $C == d* ]]; then echo yes
elif grep -q x file; then
  echo no
else echo other; fi
case "$1" in
  start|stop) systemctl "$1" orders ;;
  *) echo "usage" ;;
esac
deploy() { local x=$1; aws s3 sync . "s3://$x"; }
( cd infra && terraform init ) || exit 1
{ echo a; echo b; } > both.txt
((i++))
! grep -q error log.txt
cat list.txt | while read -r line; do echo "$line"; done
[[ -f x && ( -d y || "$z" =~ ^a$ ) ]] && echo ok
cd app; npm ci && npm run build &
