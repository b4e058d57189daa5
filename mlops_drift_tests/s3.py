"""An S3 server on loopback, in a thread of this process."""

import logging
from contextlib import contextmanager
from uuid import uuid4

REGION = "eu-central-1"
KEY, SECRET = "AKIA5TESTKEY", "s3cr3t/of+the/tests"


@contextmanager
def s3_server():
    """Serves S3; gives its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def variables(endpoint):
    """What the environment tells the clients of the store."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Bucket:
    """A bucket of its own; its environment must be set."""

    def __init__(self, endpoint):
        import boto3

        self.endpoint = endpoint
        self.name = f"bucket-{uuid4().hex[:12]}"
        self.url = f"s3://{self.name}"
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )
        self._client.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def put(self, name, path):
        """Uploads a file under a name."""
        self._client.upload_file(str(path), self.name, name)

    def delete(self, name):
        """Removes an object."""
        self._client.delete_object(Bucket=self.name, Key=name)
