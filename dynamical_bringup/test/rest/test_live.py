"""The live safety view in a real browser, before a real bridge and a scripted graph."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from dynamical_bringup.rest.routes.live import finite_only
from dynamical_control.simulation.assets import ensure_robot_model

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1500,1700",
)


@pytest.fixture
def watched(watched_graph, start_bridge, until):
    """A bridge to a graph in which a person stands before the robot."""
    mjcf = Path(ensure_robot_model().mjcf)
    bridge = start_bridge(f"robot_mjcf:={mjcf}", namespace="/watched")
    with bridge.client() as client:
        until(lambda: client.get("/api/v1/safety/status").status_code == 200)
    return bridge


@pytest.fixture
def browser(tmp_path, monkeypatch):
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=DRIVER)
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


def first_picture(client):
    with client.stream("GET", "/api/safety/live") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended without a picture")


def enter(browser, key):
    browser.find_element(By.ID, "key").send_keys(key)
    browser.find_element(By.CSS_SELECTOR, "#key-form button").click()


def text_of(browser, name):
    return browser.find_element(By.ID, name).text


def test_the_page_asks_for_a_key_and_shows_the_state_and_the_person(watched, browser, until):
    browser.get(f"{watched.url}/safety")
    until(lambda: browser.find_element(By.ID, "key").is_displayed())
    enter(browser, "dyn_wrong")
    until(lambda: "not valid" in text_of(browser, "ask-why"))
    browser.find_element(By.ID, "key").clear()
    enter(browser, watched.key)
    until(lambda: text_of(browser, "state") == "REDUCED")
    until(lambda: browser.find_elements(By.CSS_SELECTOR, "#top [data-person='7']"))
    assert browser.find_elements(By.CSS_SELECTOR, "#side [data-person='7']")
    # The pictures are drawn anew ten times a second: no element of them lasts from look to look.
    outline = "return document.querySelector('#top .robot').getAttribute('d').length"
    until(lambda: browser.execute_script(outline) > 999)
    until(lambda: browser.find_elements(By.CSS_SELECTOR, "#top .forecast"))
    assert "person 7" in text_of(browser, "why")
    assert "permits motion" in text_of(browser, "watchdog")
    assert "backup" in text_of(browser, "votes")
    assert browser.execute_script("return sessionStorage.length") == 1
    assert browser.execute_script("return localStorage.length") == 0
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert [entry for entry in severe if "401" not in entry["message"]] == []
    shot = watched.state_dir / "live.png"
    assert browser.save_screenshot(str(shot))


def test_a_page_that_gets_no_pictures_any_more_says_so(watched, browser, until):
    browser.get(f"{watched.url}/safety")
    enter(browser, watched.key)
    until(lambda: text_of(browser, "state") == "REDUCED")
    watched.process.stop()
    until(lambda: text_of(browser, "state") == "NO CONNECTION")


def test_the_stream_holds_what_the_gate_knows_and_needs_a_key(watched, until):
    with watched.client() as client:
        until(lambda: first_picture(client)["robot"]["links"])
        until(lambda: first_picture(client)["forecast"])
        picture = first_picture(client)
    assert picture["safety"]["state"] == "REDUCED"
    assert [zone["name"] for zone in picture["zones"]] == ["aisle"]
    person = next(track for track in picture["tracks"] if track["motion"] == "agent")
    assert (person["id"], len(person["hands"])) == (7, 2)
    assert {part["ahead"] for part in picture["forecast"]["parts"]} == {0.5, 1.0}
    assert picture["supervision"]["permitted"] is True
    assert "left_wrist_yaw_link" in picture["robot"]["links"]
    assert len(picture["robot"]["centres"]) == len(picture["robot"]["radius"])
    with httpx.Client(base_url=watched.url, trust_env=False) as nobody:
        assert nobody.get("/api/safety/live").status_code == 401
        page = nobody.get("/safety")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]


def test_numbers_that_json_does_not_have_become_null():
    value = {"a": [float("nan"), 1.0], "b": (float("inf"),), "c": "x", "d": True}
    assert finite_only(value) == {"a": [None, 1.0], "b": [None], "c": "x", "d": True}
