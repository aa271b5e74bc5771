"""A volunteer's own program, by packaging/boinc/app_info.xml as it is (anonymous platform)."""

import pathlib
import re
import shutil
import unittest

from project import Project
from support import CLIENT, LIBRARIES, undisturbed, unit
from volunteer import Volunteer

APP_INFO = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc" / "app_info.xml"


class AnonymousProject(Project):
    """Sends no application version; the work is for the one that the volunteer has announced."""

    def __init__(self):
        super().__init__([])
        self.announced = ""

    def app_version(self, ncpus):
        return ""

    def work(self, *arguments):
        version = re.search(r"<version_num>(\d+)", self.announced).group(1)
        return re.sub(r"<platform>.*?</platform>\n<version_num>100<", f"<version_num>{version}<", super().work(*arguments))

    def schedule(self, request):
        self.announced = (re.search(r"<platform_name>anonymous<.*?<app_version>(.*?)</app_version>", request, re.S) or
                          re.search("()", "")).group(1) or self.announced
        return super().schedule(request)


class AnonymousVolunteer(Volunteer):
    def start(self):
        name = re.sub("[^A-Za-z0-9.]", "_", self.project.url.removeprefix("http://").rstrip("/"))
        folder = self.directory / "projects" / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(APP_INFO, folder)
        shutil.copy(CLIENT, folder / "axiom-client")
        for library in ("libboinc_api.so.7", "libboinc.so.7"):
            shutil.copy(LIBRARIES / library, folder)
        super().start()


class AppInfo(unittest.TestCase):
    def test_a_program_of_ones_own(self):
        server = AnonymousProject()
        self.addCleanup(server.close)
        volunteer = AnonymousVolunteer(server)
        self.addCleanup(volunteer.close)
        work = unit(60)
        server.add_work("own", work)
        report = volunteer.wait_report("own")
        self.assertEqual(report["exit"], 0, report["stderr"])
        self.assertEqual(server.uploads["own_0_0"], undisturbed(work))
        self.assertIn("<app_name>axiom</app_name>", server.announced)


if __name__ == "__main__":
    unittest.main()
