"""What went wrong with an object store, in a part of a sentence that holds no secret."""

import re

_REGION = re.compile(r"bucket is located in '([a-z0-9-]+)'")
# Signs in what the clients of the stores say, and what is wrong.
_FAULTS = [
    (
        r"no[_ ]?such[_ ]?bucket|containernotfound|(bucket|container) does not exist",
        "there is no such bucket; correct its name, or create it",
    ),
    (
        r"\b301\b|permanent_?redirect|configured region|authorizationheadermalformed",
        "the bucket is in another region; set AWS_REGION to {region}",
    ),
    (
        r"access_?denied|\b40[13]\b|invalid_?(client|access|signature)|signature_?does|credential"
        r"|forbidden|permission|unauthenticated|authorization|token",
        "access is denied; set credentials that may read it in the environment, such as "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        r"network|connect|curl|time_?d? ?out|dns|resolve|unavailable|error sending request",
        "the object store does not answer; check the network and the address of the store",
    ),
]


def store_fault(error: Exception) -> str:
    """What is wrong, and how to fix it; what a client says may hold keys, and is left out.

    >>> store_fault(OSError("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation"))
    'there is no such bucket; correct its name, or create it'
    """
    said = str(error)
    for signs, fault in _FAULTS:
        if re.search(signs, said, re.IGNORECASE):
            region = _REGION.search(said)
            return fault.format(region=region[1] if region else "that of the bucket")
    return f"the object store cannot be read ({type(error).__name__})"
