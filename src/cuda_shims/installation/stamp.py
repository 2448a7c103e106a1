"""The environment where a root is made: its shims, which name the toolkit that they run, and our RECORD."""

from __future__ import annotations

import os

from _cuda_shims.places import majors
from cuda_shims.catalog.tools import SHIPPED_SHIMS
from cuda_shims.environment.ours import find_dist_info, recorded_scripts
from cuda_shims.environment.toolkit import find_toolkits
from cuda_shims.files.action import CREATE
from cuda_shims.installation import files as own_files
from cuda_shims.installation import shims, uv_lock
from cuda_shims.installation.presence import while_installed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _cuda_shims.places import Place
    from cuda_shims.environment.toolkit import Toolkit
    from cuda_shims.files.rights import Rights


class Stamps:
    """The files that a start of Python stamps in the environment of a place."""

    def __init__(self, place: Place, rights: Rights) -> None:
        """Describe it, and the rights of new files."""
        self.place = place
        self.rights = rights
        self.dist_info = find_dist_info([place.site_dir])
        self.scripts = recorded_scripts(self.dist_info) if self.dist_info else None
        self.installed = while_installed(place.site_dir, self.dist_info, self.scripts)
        self.lock = uv_lock.shared(place.site_dir)

    def stamp(self, toolkit: Toolkit) -> None:
        """Write the files that must exist before the root. A root works without them, and install reports failures."""
        if self.scripts is None:
            return
        place = self.place
        site_dir = place.site_dir
        alone = place.sites == (site_dir,) and majors(site_dir) == [place.major]
        try:
            actions = own_files.plan_files(site_dir, self.scripts, [toolkit] if alone else find_toolkits([site_dir]))
            # a missing shim of the wheel may be one that is being uninstalled; install makes it
            shipped = {tool + shims.SUFFIX for tool in SHIPPED_SHIMS}
            actions = [each for each in actions if each.kind != CREATE or os.path.basename(each.path) not in shipped]
            if not own_files.is_settled(site_dir, self.dist_info, actions):
                own_files.write_files(site_dir, self.dist_info, actions, self.rights)
        except OSError:
            pass
