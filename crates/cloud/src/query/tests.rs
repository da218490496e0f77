//! Query calls against a listener on loopback: pages, refusals, endpoints.

use super::{Service, endpoint};
use crate::{CallError, Cloud, Meter, Pace};
use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

struct NoWait;

#[async_trait]
impl Pace for NoWait {
    async fn pause(&self, _: Duration) {}
}

/// An endpoint that gives these answers, one a request, and keeps what it was sent.
async fn endpoint_with(answers: Vec<(u16, String)>) -> (Cloud, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            kept.lock().unwrap().push(request);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: text/xml\r\nx-amzn-requestid: request-1\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (cloud(address), seen)
}

fn cloud(address: std::net::SocketAddr) -> Cloud {
    let keys = Credentials::new("AKIAEXAMPLE", "an example", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_ecs::config::BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .time_source(SystemTimeSource::new())
        .sleep_impl(TokioSleep::new())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Cloud::new(&config, Arc::new(NoWait))
}

async fn read(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or_default() {
                return text;
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "{text}");
    }
}

#[tokio::test]
async fn pages_are_read_to_the_last_one_and_signed_for_their_service() {
    let page = |id: &str, public: &str, next: &str| {
        format!(
            "<DescribeNetworkInterfacesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r</requestId><networkInterfaceSet><item><networkInterfaceId>{id}</networkInterfaceId>\
             <subnetId>subnet-1</subnetId><privateIpAddress>10.0.1.7</privateIpAddress>{public}\
             <groupSet><item><groupId>sg-1</groupId><groupName>api</groupName></item></groupSet></item>\
             </networkInterfaceSet>{next}</DescribeNetworkInterfacesResponse>"
        )
    };
    let public = "<association><publicIp>203.0.113.9</publicIp></association>";
    let answers = vec![
        (200, page("eni-1", public, "<nextToken>two&amp;</nextToken>")),
        (200, page("eni-2", "", "<nextToken/>")),
    ];
    let (cloud, seen) = endpoint_with(answers).await;
    let found = cloud.network_interfaces(&["eni-1".into(), "eni-2".into()]).await.unwrap();
    let shown: Vec<_> = found.iter().map(|eni| (eni.id.as_str(), eni.public_ip.as_deref())).collect();
    assert_eq!(shown, [("eni-1", Some("203.0.113.9")), ("eni-2", None)]);
    assert_eq!((found[0].private_ip.as_deref(), found[0].groups[0].as_str()), (Some("10.0.1.7"), "sg-1"));
    let seen = seen.lock().unwrap();
    let first = "Action=DescribeNetworkInterfaces&Version=2016-11-15&Filter.1.Name=network-interface-id&\
                 Filter.1.Value.1=eni-1&Filter.1.Value.2=eni-2";
    assert!(seen[0].ends_with(first), "{}", seen[0]);
    assert!(seen[1].ends_with("&NextToken=two%26"), "{}", seen[1]);
    assert!(seen[0].contains("/eu-west-1/ec2/aws4_request, SignedHeaders="), "{}", seen[0]);
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code_in_either_form() {
    let ec2 = |code: &str| {
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>"
        )
    };
    let query = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"
        )
    };
    let table = [
        (403, ec2("UnauthorizedOperation"), "Denied"),
        (400, ec2("RequestExpired"), "Expired"),
        (400, query("InvalidParameterValue"), "Refused"),
        (403, query("AccessDenied"), "Denied"),
        (501, "{\"__type\":\"UnknownOperationException\",\"message\":\"m\"}".to_owned(), "Refused"),
        (200, "<a".to_owned(), "Ambiguous"),
        (200, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(), "Ambiguous"),
    ];
    for (status, body, class) in table {
        let (cloud, _) = endpoint_with(vec![(status, body.clone())]).await;
        let error = cloud.vpc("vpc-1").await.unwrap_err();
        assert!(format!("{error:?}").starts_with(class), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_throttled_read_is_repeated_and_an_absent_database_is_none() {
    let throttled = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    let absent = "<ErrorResponse><Error><Code>DBInstanceNotFound</Code><Message>DBInstance x not found.</Message></Error></ErrorResponse>";
    let answers = vec![(400, throttled.to_owned()), (500, String::new()), (404, absent.to_owned())];
    let (cloud, seen) = endpoint_with(answers).await;
    assert_eq!(cloud.database("x").await.unwrap(), None);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn databases_security_groups_and_metrics_are_read_as_their_models_say() {
    let cluster = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster>\
        <DBClusterIdentifier>c</DBClusterIdentifier><Engine>aurora-postgresql</Engine><Port>5432</Port>\
        <HttpEndpointEnabled>true</HttpEndpointEnabled><DBClusterMembers>\
        <DBClusterMember><DBInstanceIdentifier>a</DBInstanceIdentifier><IsClusterWriter>false</IsClusterWriter></DBClusterMember>\
        <DBClusterMember><DBInstanceIdentifier>b</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter></DBClusterMember>\
        </DBClusterMembers></DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>";
    let group = "<R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol>\
        <fromPort>5432</fromPort><toPort>5432</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp><description>all</description></item></ipRanges>\
        <groups><item><groupId>sg-2</groupId></item></groups></item></ipPermissions></item></securityGroupInfo></R>";
    let points = "<GetMetricStatisticsResponse><GetMetricStatisticsResult><Datapoints>\
        <member><Timestamp>2026-01-01T00:02:00Z</Timestamp><Sum>2.5</Sum><Unit>Count</Unit></member>\
        <member><Timestamp>2026-01-01T00:01:00Z</Timestamp><Sum>1.0</Sum><Unit>Count</Unit></member>\
        </Datapoints></GetMetricStatisticsResult></GetMetricStatisticsResponse>";
    let answers = vec![(200, cluster.to_owned()), (200, group.to_owned()), (200, points.to_owned())];
    let (cloud, seen) = endpoint_with(answers).await;
    let cluster = cloud.database_cluster("c").await.unwrap().unwrap();
    assert_eq!(
        (cluster.data_api, cluster.port, cluster.members),
        (true, Some(5432), vec!["b".into(), "a".into()])
    );
    let groups = cloud.security_groups(&["sg-1".into()]).await.unwrap();
    let sources: Vec<_> = groups[0].inbound.iter().map(|open| (open.from, open.source.as_str())).collect();
    assert_eq!(sources, [(Some(5432), "0.0.0.0/0"), (Some(5432), "sg-2")]);
    let meter = Meter {
        namespace: "Shop".into(),
        metric: "errors".into(),
        dimensions: [("Service".to_owned(), "api".to_owned())].into(),
        statistic: "Sum".into(),
        period: Duration::from_secs(60),
        from: 0,
        to: 3600,
    };
    let values: Vec<f64> = cloud.datapoints(&meter).await.unwrap().iter().map(|point| point.value).collect();
    assert_eq!(values, [1.0, 2.5]);
    let last = seen.lock().unwrap()[2].clone();
    for part in
        ["StartTime=1970-01-01T00%3A00%3A00Z", "Statistics.member.1=Sum", "Dimensions.member.1.Name=Service"]
    {
        assert!(last.contains(part), "{last}");
    }
}

#[test]
fn endpoints_are_those_of_the_partition_and_unknown_kinds_are_refused() {
    let at = |region: &'static str| SdkConfig::builder().region(Region::new(region)).build();
    let table = [
        ("eu-west-1", Service::Ec2, "https://ec2.eu-west-1.amazonaws.com"),
        ("cn-north-1", Service::Rds, "https://rds.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", Service::LoadBalancers, "https://elasticloadbalancing.us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", Service::CloudWatch, "https://monitoring.eusc-de-east-1.amazonaws.eu"),
    ];
    for (region, service, url) in table {
        assert_eq!(endpoint::place(&at(region), service).unwrap().url, url);
    }
    let fips = SdkConfig::builder().region(Region::new("us-east-1")).use_fips(true).build();
    assert!(endpoint::place(&fips, Service::Ec2).unwrap_err().contains("FIPS"));
    assert!(endpoint::place(&at("evil.example/"), Service::Ec2).unwrap_err().contains("no region"));
    assert!(endpoint::place(&SdkConfig::builder().build(), Service::Ec2).is_err());
}

#[tokio::test]
async fn without_a_listener_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = cloud(address).vpc("vpc-1").await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_member_of_another_type_is_told_as_such_and_not_asked_for_again() {
    let odd = r#"{"services": [{"serviceName": "api", "desiredCount": {"of": "two"}}], "failures": []}"#;
    let (cloud, seen) = endpoint_with(vec![(200, odd.to_owned())]).await;
    let error = cloud.service("main", "api").await.unwrap_err();
    assert!(matches!(error, CallError::Unreadable { .. }), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("the answer cannot be read: `services`: invalid type: map"), "{told}");
    assert!(!told.contains("lost"), "{told}");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_member_of_another_type_that_nobody_needs_is_passed_over() {
    let odd = r#"{"services": [{"serviceName": "api", "desiredCount": 2, "enableExecuteCommand": "never"}], "failures": []}"#;
    let (cloud, _) = endpoint_with(vec![(200, odd.to_owned())]).await;
    let service = cloud.service("main", "api").await.unwrap().unwrap();
    assert_eq!(service.desired_count, 2);
}

#[tokio::test]
async fn half_of_an_answer_is_a_lost_one() {
    let half = r#"{"services": [{"serviceName": "api", "desired"#;
    let (cloud, seen) = endpoint_with(vec![(200, half.to_owned()); 9]).await;
    let error = cloud.service("main", "api").await.unwrap_err();
    assert!(matches!(error, CallError::Ambiguous { .. }), "{error:?}");
    assert!(seen.lock().unwrap().len() > 1, "a read is repeated");
}
