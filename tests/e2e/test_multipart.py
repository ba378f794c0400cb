"""What comes in as a form, however broken, is refused or judged: the service never fails."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

MakePhoto = Callable[..., bytes]
EDGE = b"edge"
REFUSED = (400, 413, 415, 422)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning"
)
"""Starlette leaves the part that a form breaks off in to Python, which closes it at once."""

names = st.text(st.characters(codec="utf-8"), max_size=12)
fields = st.sampled_from(["photos", "evidence", ""]) | names
junk = st.binary(max_size=40)
disposition = st.builds('form-data; name="{}"; filename="{}"'.format, fields, names) | st.builds(
    'form-data; name="{}"'.format, fields
)
header = st.builds(
    lambda name, value: name + b": " + value,
    st.sampled_from([b"Content-Disposition", b"Content-Type", b"Content-Transfer-Encoding"]) | junk,
    disposition.map(str.encode) | junk,
)
part = st.builds(
    lambda headers, data: b"\r\n".join([*headers, b"", data]),
    st.lists(header, max_size=3),
    junk,
)
bodies = st.builds(
    lambda parts, end: b"".join(b"--" + EDGE + b"\r\n" + one + b"\r\n" for one in parts) + end,
    st.lists(part | junk, max_size=4),
    st.sampled_from([b"--" + EDGE + b"--\r\n", b"--" + EDGE, b""]) | junk,
)
content_types = st.sampled_from(
    ["multipart/form-data; boundary=edge", "multipart/form-data", "multipart/form-data; boundary="]
) | names.map('multipart/form-data; boundary="{}"'.format)


@settings(max_examples=150)
@given(body=bodies, content_type=content_types)
@pytest.mark.parametrize("path", ["/v1/classify", "/", "/weigh"])
def test_a_broken_form_is_refused_or_judged(
    client: TestClient, path: str, body: bytes, content_type: str
) -> None:
    answer = client.post(path, content=body, headers={b"Content-Type": content_type.encode()})
    assert answer.status_code in (200, *REFUSED), answer.text


@given(cut=st.integers(0, 2000), where=st.integers(0, 400), what=junk)
def test_a_form_that_was_cut_or_altered_on_its_way(
    client: TestClient, photo: MakePhoto, cut: int, where: int, what: bytes
) -> None:
    files = {"photos": ("a.jpg", photo("red", (32, 32)))}
    sent = client.build_request("POST", "/v1/classify", files=files)
    whole = sent.read()
    body = (whole[:where] + what + whole[where + len(what) :])[: len(whole) - cut]
    head = {"Content-Type": sent.headers["content-type"]}
    answer = client.post("/v1/classify", content=body, headers=head)
    assert answer.status_code in (200, *REFUSED), answer.text


def test_a_body_that_is_no_text_is_told(client: TestClient) -> None:
    head = {"Content-Type": "application/json"}
    answer = client.post("/v1/weigh", content=b'"\xff"', headers=head)
    assert answer.status_code == 422 and "UTF-8" in answer.json()["detail"]
