"""Bodies that are bytes: pieces of files and rescue files of phones."""
import schemathesis


@schemathesis.serializer("application/offset+octet-stream", "application/x-qingshan-rescue")
def raw(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
