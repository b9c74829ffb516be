"""The schedules in `deploy/` are sound: each is checked by the tool or schema that its own system uses."""

import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from jobs.billing.month import Month
from jobs.config import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RUN, TIMER, WEBHOOK = (DEPLOY / f"securevideo-billing{kind}" for kind in (".service", ".timer", "-webhook.service"))
OPEN, DAILY = (DEPLOY / f"securevideo-billing-open{kind}" for kind in (".service", ".timer"))
SCHEDULER, WORKER = (DEPLOY / f"securevideo-billing-{kind}.service" for kind in ("scheduler", "worker"))
MOST_EXPOSED = 2.0  # of 10, as `systemd-analyze security` counts: "OK"

needs_systemd = pytest.mark.needs("systemd-analyze")


def analyze(*words: str | Path) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def close_day() -> int:
    return load(ROOT / "config.example.yaml").close_day


@needs_systemd
def test_systemd_finds_nothing_wrong_with_services_and_timer() -> None:
    assert analyze("verify", RUN, TIMER, WEBHOOK, OPEN, DAILY, SCHEDULER, WORKER) == ""


@needs_systemd
@pytest.mark.parametrize("service", [RUN, WEBHOOK, OPEN, SCHEDULER, WORKER], ids=lambda service: service.stem)
def test_a_service_is_hardened(service: Path) -> None:
    analysis = analyze("security", "--offline=true", service)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analysis)
    assert exposure is not None
    assert float(exposure[1]) <= MOST_EXPOSED


def test_the_service_gets_its_credentials_from_systemd_and_cannot_run_for_ever() -> None:
    service = RUN.read_text()
    assert "LoadCredential=" in service
    assert re.search(r"^RuntimeMaxSec=", service, re.MULTILINE)
    assert not re.search(r"^Type=oneshot", service, re.MULTILINE), "RuntimeMaxSec= has no effect on a oneshot unit"


def settings(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_the_receiver_gets_its_secret_from_systemd_and_comes_back_unless_it_is_wrongly_configured() -> None:
    service = settings(WEBHOOK)
    assert [one.partition(":")[0] for one in service["LoadCredential"]] == ["acme-webhook"]
    assert (service["Restart"], service["RestartPreventExitStatus"]) == (["on-failure"], ["2"])
    assert "RuntimeMaxSec" not in service
    assert service["WantedBy"] == ["multi-user.target"]


def test_the_receiver_is_the_user_that_bills_and_as_hardened_but_hears_this_machine_alone() -> None:
    run, webhook = settings(RUN), settings(WEBHOOK)
    same = ("DynamicUser", "User", "StateDirectory", "StateDirectoryMode", "UMask")
    assert {name: run[name] for name in same} == {name: webhook[name] for name in same}
    hardening = list(run)[list(run).index("CapabilityBoundingSet") :]
    assert [name for name in hardening if webhook.get(name) != run[name]] == ["IPAddressDeny"]
    assert (webhook["IPAddressDeny"], webhook["IPAddressAllow"]) == (["any"], ["localhost"])


@needs_systemd
def test_the_timer_starts_in_utc_once_the_month_is_closed_and_catches_up() -> None:
    timer = TIMER.read_text()
    calendar = re.search(r"^OnCalendar=(.*)$", timer, re.MULTILINE)
    assert calendar is not None
    assert "Persistent=true" in timer
    elapses = re.findall(
        r"(\d{4})-(\d{2})-(\d{2}) \d{2}:\d{2}:\d{2} UTC", analyze("calendar", "--iterations=28", calendar[1])
    )
    assert len({(year, month) for year, month, _ in elapses}) >= 4
    assert {int(day) for _, _, day in elapses} == set(range(close_day(), 11))


def test_the_open_month_is_looked_at_daily_by_the_service_that_bills_in_all_but_its_command() -> None:
    run, daily = settings(RUN), settings(OPEN)
    command, said = f"{run.pop('ExecStart')[0]} --month this", "Description"
    assert (daily.pop("ExecStart"), daily.pop(said) == run.pop(said)) == ([command], False)
    assert daily == run
    timer = settings(DAILY)
    assert (timer["OnCalendar"], timer["Persistent"]) == (["*-*-* 07:00:00 UTC"], ["true"])


def ways_off() -> list[timezone]:
    return [timezone(timedelta(hours=hours)) for hours in range(-12, 15)]


def issues_somewhere(days: range, hour: int, minute: int, zone: timezone) -> bool:
    """Whether one of the runs comes when the month before is closed, and each of them bills that month."""
    instants = [datetime(2016, 12, day, hour, minute, tzinfo=zone).astimezone(UTC) for day in days]
    closed = Month(2016, 11).closes_at(close_day())
    assert {Month.of(at).plus(-1) for at in instants} == {Month(2016, 11)}
    return any(at >= closed for at in instants)


def days_of(field: str) -> range:
    first, _, last = field.partition("-")
    return range(int(first), int(last or first) + 1)


def test_the_cron_line_issues_in_every_time_zone_since_cron_counts_in_the_machines_own() -> None:
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    assert not any(line.startswith("CRON_TZ") for line in lines), "Debian's cron ignores it"
    minute, hour, day, month, weekday, user, *command = lines[-2].split()
    assert all(issues_somewhere(days_of(day), int(hour), int(minute), zone) for zone in ways_off())
    assert not issues_somewhere(days_of("4"), int(hour), int(minute), ways_off()[-1])
    assert (month, weekday) == ("*", "*")
    assert user.isalpha()
    assert command[0] == "securevideo-billing"
    assert "run" in command
    *when, daily_user = lines[-1].split()[:6]
    assert (when[2:], daily_user) == (["*", "*", "*"], user)
    assert lines[-1].split()[6:] == [*command[:-1], "--month", "this", command[-1]]


def cronjob(name: str = "cronjob.yaml") -> dict[str, Any]:
    job: dict[str, Any] = YAML(typ="safe", pure=True).load((DEPLOY / name).read_text())
    return job


@pytest.mark.parametrize("name", ["cronjob.yaml", "cronjob-open.yaml"])
def test_the_cronjob_fits_the_schema_of_kubernetes(name: str) -> None:
    kubernetes_validate.validate(cronjob(name), "1.31", strict=True)


def test_the_cluster_fits_the_schema_of_kubernetes_and_is_as_hardened_as_the_cronjob() -> None:
    scheduler, service, worker = YAML(typ="safe", pure=True).load_all((DEPLOY / "cluster.yaml").read_text())
    job = cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for part in (scheduler, service, worker):
        kubernetes_validate.validate(part, "1.31", strict=True)
    for part in (scheduler, worker):
        pod = part["spec"]["template"]["spec"]
        assert pod["securityContext"] == job["securityContext"]
        assert pod["containers"][0]["securityContext"] == job["containers"][0]["securityContext"]
        assert pod["automountServiceAccountToken"] is False
    assert service["spec"]["selector"] == scheduler["spec"]["template"]["metadata"]["labels"]
    assert f"tls://{service['metadata']['name']}:8786" in worker["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("service", [SCHEDULER, WORKER], ids=lambda service: service.stem)
def test_scheduler_and_workers_speak_tls_alone_and_come_back(service: Path) -> None:
    found = settings(service)
    assert found["Restart"] == ["always"]
    assert all(f"--tls-{name}" in found["ExecStart"][0] for name in ("ca-file", "cert", "key"))
    assert any("REQUIRE_ENCRYPTION=true" in line for line in found["Environment"])


def test_the_daily_cronjob_is_the_other_one_in_all_but_its_name_time_and_command() -> None:
    daily, other = cronjob("cronjob-open.yaml"), cronjob()
    jobs = [spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0] for spec in (daily["spec"], other["spec"])]
    assert jobs[0].pop("args") == [*jobs[1].pop("args"), "--month", "this"]
    assert daily["metadata"].pop("name") != other["metadata"].pop("name")
    assert daily["spec"].pop("schedule") == "0 7 * * *"
    for job in (daily, other):
        job["spec"].pop("successfulJobsHistoryLimit")
        job["spec"].pop("schedule", None)
    assert daily == other


def test_the_schema_would_find_a_misspelt_key() -> None:
    wrong = cronjob()
    wrong["spec"]["concurencyPolicy"] = "Forbid"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_the_cronjob_never_runs_twice_at_once_nor_again_by_itself() -> None:
    spec = cronjob()["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Etc/UTC"
    minute, hour, day, *_ = spec["schedule"].split()
    assert all(issues_somewhere(days_of(day), int(hour), int(minute), zone) for zone in ways_off())
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never"
