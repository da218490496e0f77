"""An image of layers that no compression makes smaller, as an OCI layout: folder, layers, bytes of each."""

import hashlib
import json
import os
import sys
import zlib

folder, layers, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.makedirs(f"{folder}/blobs/sha256")


def put(content):
    digest = hashlib.sha256(content).hexdigest()
    with open(f"{folder}/blobs/sha256/{digest}", "wb") as file:
        file.write(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


def write(name, content):
    with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
        json.dump(content, file)


OCI = "application/vnd.oci.image"
stored, plain = [], []
for _ in range(layers):
    content = os.urandom(size)
    plain.append(f"sha256:{hashlib.sha256(content).hexdigest()}")
    # Gzip that only wraps: a peer leaves alone what is compressed already.
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    stored.append({"mediaType": f"{OCI}.layer.v1.tar+gzip", **put(packer.compress(content) + packer.flush())})
config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": plain}}
config = {"mediaType": f"{OCI}.config.v1+json", **put(json.dumps(config).encode())}
manifest = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": config, "layers": stored}
named = {"org.opencontainers.image.ref.name": "v1"}
manifest = {"mediaType": f"{OCI}.manifest.v1+json", **put(json.dumps(manifest).encode()), "annotations": named}
write("oci-layout", {"imageLayoutVersion": "1.0.0"})
write("index.json", {"schemaVersion": 2, "manifests": [manifest]})
