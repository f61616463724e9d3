"""A DNS server on a real UDP socket, with the records it is given."""

import socket
import threading
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SILENT, FAILS = "silent", "fails"


class DnsServer:
    """`records` by (name, type): a list of texts as in a zone file, or SILENT or FAILS. What is not there is NXDOMAIN.

    Runs until the end of its `with` block; `asked` are the questions.
    """

    def __init__(self, records: dict[tuple[str, str], list[str] | str]):
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), client)

    def _answer(self, question: dns.message.Message) -> dns.message.Message | None:
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        found = self.records.get((name, kind))
        if found == SILENT:
            return None
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if found == FAILS:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(found, list):
            answer.answer.append(dns.rrset.from_text(asked.name, 60, dns.rdataclass.IN, asked.rdtype, *found))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
