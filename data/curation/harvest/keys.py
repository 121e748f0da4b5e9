"""Keys of providers, which come from the environment and go nowhere but into requests."""

import os

from data.errors import SettingsError

FLICKR_KEY = "FLICKR_API_KEY"
MAPILLARY_TOKEN = "MAPILLARY_TOKEN"

_WHERE = {
    FLICKR_KEY: "apply for one at https://www.flickr.com/services/apps/create/",
    MAPILLARY_TOKEN: "register an application at https://www.mapillary.com/dashboard/developers",
}


def key_from_environment(variable: str) -> str:
    """Return a provider's key; raises SettingsError saying how to get one where it is not set."""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise SettingsError(
            f"${variable} is not set: this provider needs a key ({_WHERE[variable]}), which is given in the "
            f"environment alone: export {variable}=KEY. Harvesting a local folder or table needs none"
        )
    return key
