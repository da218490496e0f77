cat > task.json <<'JSON'
{ "family": "orders" } # not a comment
$HOME
JSON
cat <<-END | psql "$DATABASE_URL"
	SELECT 1;
	END
aws ecs register-task-definition --cli-input-json "$(cat <<INNER
{"family": "${FAMILY}"}
INNER
)"
grep x <<< "a b" 2>/dev/null 1>&2
cat <<EOF2 > out.txt
  text
  EOF2
echo after
