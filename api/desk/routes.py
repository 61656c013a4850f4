"""The desk's routes, for the application."""

from typing import Final

from api.desk import cases, files, handing_over, oidc, sign_in, work_list

DESK_ROUTERS: Final = (sign_in.router, oidc.router, work_list.router, handing_over.router, cases.router, files.router)
