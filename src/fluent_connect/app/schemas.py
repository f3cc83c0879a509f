"""Tells operators what was learnt of the schemas of their Fluent accounts."""

import structlog

from fluent_connect.clients.fluent.schema.learning import SchemaReport, UnfitSchemaError


def log(report: SchemaReport) -> None:
    """Write what an account lacks, demands or does not tell to the log."""
    logger = structlog.get_logger("fluent_connect")
    match report.state:
        case "older":
            event = "Fluent's schema is older than ours: these are never sent or asked for"
            logger.warning(event, account=report.account, lacks=list(report.lacks))
        case "unfit":
            why = str(UnfitSchemaError(report))
            logger.error("FLUENT REQUIRES WHAT WE DO NOT KNOW", account=report.account, why=why)
        case "silent":
            event = "Fluent does not tell its schema: checks go by the one that we were built for"
            logger.warning(event, account=report.account, why=report.note)
