FROM python:3.13-slim
COPY broker.py /usr/local/bin/broker
RUN chmod +x /usr/local/bin/broker
EXPOSE 8080
ENTRYPOINT ["broker", "api"]
