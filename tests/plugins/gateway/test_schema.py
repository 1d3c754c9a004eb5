"""Requests made from the gateway's own description: the answers are as it says.

What a remote method raises is its own business, so that 500 is an answer like any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pyroplug_gateway.app import Gateway
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

EXAMPLES = 10
ENDLESS = ("/letters", "/numbers")
"""Methods that go on for ever, or for as long as a parameter says."""
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@pytest.mark.parametrize("options", [{}, {"get_calls": False, "key": "sesame"}], ids=["open", "careful"])
def test_answers_are_as_described(
    make: Callable[..., Gateway], serve: Callable[..., tuple[str, int]], options: Any
) -> None:
    load_all_checks()
    host, port = serve(make(**options))
    headers = {"X-Pyro-Gateway-Key": "sesame"}
    schema = schemathesis.openapi.from_url(f"http://{host}:{port}/pyro/openapi.json", headers=headers)
    statuses: set[int] = set()
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = [it for it in operations if not it.path.endswith(ENDLESS)]
    for operation in operations:
        _try(operation, headers, statuses)
    assert len(operations) > 10
    assert statuses >= {200, 500}


def _try(operation: Any, headers: dict[str, str], statuses: set[int]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        answer = case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)
        statuses.add(answer.status_code)

    check()
