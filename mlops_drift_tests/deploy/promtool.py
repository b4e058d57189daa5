"""The programs of Prometheus, and the files of `deploy/monitoring`."""

import shutil

import pytest
import yaml

from mlops_drift.project import CHECKOUT

FOLDER = CHECKOUT / "deploy" / "monitoring"
DASHBOARDS = ("service.json", "models.json")
# As Debian names its packages.
_PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}


def needs(*programs):
    """Skips a test where a program is missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    packages = ", ".join(sorted({_PACKAGES[name] for name in missing}))
    reason = f"needs {', '.join(missing)} (the Debian packages {packages})"
    return pytest.mark.skipif(bool(missing), reason=reason)


def shipped(name):
    """The content of a YAML file."""
    return yaml.safe_load((FOLDER / name).read_text())


def rules():
    """The alert rules by name."""
    return {
        rule["alert"]: rule for group in shipped("alerts.yaml")["groups"] for rule in group["rules"]
    }
