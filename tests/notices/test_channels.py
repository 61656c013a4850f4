"""Channels, each a real server: a message is taken or it is not, whatever the channel says and however slowly."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

from activities import answers, channels
from activities.answers import retry_after
from activities.channels import ChannelError, send
from petitions.notice_texts import OutgoingMessage
from tests.notices.mail_server import MailServer, mail_server
from tests.receiver import Receiver, receiving

MESSAGE = OutgoingMessage(key="k1", title="【D001】交办通知", body="请及时签收并整改。\n地点：李家巷")
OFFICE = "unit/通川区商务局"


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def mail() -> AsyncGenerator[MailServer]:
    async with mail_server() as mail:
        yield mail


async def refusal(*addresses: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await send(OFFICE, MESSAGE, addresses)
    return caught.value


async def test_a_webhook_takes_a_message_with_its_key(receiver: Receiver) -> None:
    await send(OFFICE, MESSAGE, (receiver.address,))
    assert [(each["title"], each["message"]) for each in receiver.taken] == [(MESSAGE.title, MESSAGE.body)]
    assert receiver.keys == ["k1"]


async def test_an_address_keeps_its_own_settings(receiver: Receiver) -> None:
    receiver.held = asyncio.Event()
    error = await refusal(f"{receiver.address}?rto=1")
    assert "1 tried" in str(error)
    receiver.held.set()
    receiver.delay = 1.5
    await send(OFFICE, MESSAGE, (f"{receiver.address}?rto=8",))


async def test_mail_arrives_as_it_was_written(mail: MailServer) -> None:
    await send(OFFICE, MESSAGE, (mail.address("shangwuju@example.org"),))
    [message] = mail.taken
    assert message["subject"] == MESSAGE.title
    assert mail.recipients == ["shangwuju@example.org"]
    body = message.get_body(("plain", "html"))
    assert body is not None
    assert "请及时签收并整改。" in body.get_content()


async def test_a_mail_server_that_refuses_has_not_taken_it(mail: MailServer) -> None:
    mail.answer = "451 try again later"
    assert "no channel of unit/通川区商务局 took the message" in str(await refusal(mail.address("a@example.org")))
    assert (mail.refused, mail.taken) == (1, [])


@pytest.mark.parametrize("status", [400, 403, 500, 503])
async def test_a_webhook_that_fails(receiver: Receiver, status: int) -> None:
    receiver.status = status
    error = await refusal(receiver.address)
    assert f"HTTP {status}" in str(error)
    assert error.pause is None


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [(429, "7", 7), (503, "120", 120), (429, None, 300), (429, "soon", 300), (429, "0", 0)],
)
async def test_the_pause_a_channel_asks_for(receiver: Receiver, status: int, header: str | None, pause: float) -> None:
    receiver.status, receiver.retry_after = status, header
    assert (await refusal(receiver.address)).pause == timedelta(seconds=pause)


def test_a_pause_until_a_date() -> None:
    now = datetime(2021, 8, 27, 4, tzinfo=UTC)
    assert retry_after("Fri, 27 Aug 2021 04:01:00 GMT", now) == timedelta(minutes=1)
    assert retry_after("Fri, 27 Aug 2021 03:00:00 GMT", now) == timedelta(0)
    assert retry_after("27/08/2021", now) is None
    assert retry_after(None, now) is None


async def test_one_channel_that_takes_it_is_enough_while_another_hangs(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one has taken would be told twice if the other's silence counted."""
    monkeypatch.setattr(channels, "SEND_SECONDS", 2)
    async with receiving() as hanging:
        hanging.held = asyncio.Event()
        await send(OFFICE, MESSAGE, (receiver.address, hanging.address))
        hanging.held.set()
    assert len(receiver.taken) == 1


async def test_a_channel_that_hangs_has_failed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "SEND_SECONDS", 1)
    receiver.held = asyncio.Event()
    assert "1 did not answer within 1 seconds" in str(await refusal(receiver.address))
    receiver.held.set()


async def test_if_another_channel_asks_for_no_pause_there_is_none(receiver: Receiver) -> None:
    async with receiving() as other:
        receiver.status, receiver.retry_after, other.status = 429, "600", 500
        assert (await refusal(receiver.address, other.address)).pause is None


ROBOTS = [
    (NotifyWeComBot, "wecombot://a1b2c3d4/", '{"errcode": %d, "errmsg": "freq"}', 45009),
    (NotifyDingTalk, "dingtalk://abc12345/", '{"errcode": %d, "errmsg": "send too fast"}', 130101),
    (NotifyFeishu, "feishu://abc12345/", '{"code": %d, "msg": "too many request"}', 11232),
]


@pytest.fixture
def here(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """The robots' servers are this receiver; everything else is Apprise's own."""
    for robot, *_ in ROBOTS:
        monkeypatch.setattr(robot, "notify_url", f"http://127.0.0.1:{receiver.port}/robot")
    monkeypatch.setattr(answers, "ROBOTS", ("127.0.0.1",))
    return receiver


@pytest.mark.parametrize(("address", "said", "code"), [(each[1], each[2], each[3]) for each in ROBOTS])
async def test_a_robot_says_no_in_an_answer_of_200(here: Receiver, address: str, said: str, code: int) -> None:
    here.body = said % code
    error = await refusal(address)
    assert f"HTTP 200, code {code}" in str(error)
    assert error.pause == timedelta(minutes=1), "too many: the next minute takes more"
    here.body = said % 40058
    assert (await refusal(address)).pause is None
    here.body = said % 0
    await send(OFFICE, MESSAGE, (address,))
    assert MESSAGE.body in str(here.taken[-1]).replace("\\n", "\n")


async def test_no_error_names_an_address(receiver: Receiver) -> None:
    receiver.status = 500
    secret = f"json://user:token-4711@127.0.0.1:{receiver.port}/hook-0815"
    told = str(await refusal(secret, "nosuchscheme://token-4711"))
    assert "4711" not in told
    assert "0815" not in told


async def test_an_office_without_an_address_that_is_known() -> None:
    assert "the environment variable it names may be missing" in str(await refusal())


async def test_what_is_overheard_belongs_to_one_message_alone(receiver: Receiver) -> None:
    """Two at once: the pause that one channel asks for is not the other's."""
    async with receiving() as other:
        receiver.status, receiver.retry_after, receiver.delay = 429, "60", 0.2
        other.status = 500
        errors = await asyncio.gather(refusal(receiver.address), refusal(other.address))
    assert [error.pause for error in errors] == [timedelta(minutes=1), None]
